"""What the telemetry costs and how fast it is: `python -m bench` measures it on this machine, in one run."""
