# The API on the built-in market. `docker compose up` runs it beside Collector, Jaeger and Prometheus.
FROM python:3.13-slim AS build
ENV UV_PYTHON_DOWNLOADS=never UV_LINK_MODE=copy UV_COMPILE_BYTECODE=1
RUN pip install --no-cache-dir uv==0.13.9
WORKDIR /app
# Dependencies change less often than the code, so they are a layer of their own.
COPY pyproject.toml uv.lock ./
RUN uv sync --locked --no-dev --no-install-project
COPY README.md LICENSE ./
COPY app app
COPY otel otel
COPY collector-config collector-config
COPY deploy deploy
RUN uv sync --locked --no-dev --no-editable

FROM python:3.13-slim
RUN useradd --uid 10002 --create-home trader && install -d -o trader -g trader /data
COPY --from=build /app/.venv /app/.venv
ENV PATH=/app/.venv/bin:$PATH PYTHONUNBUFFERED=1
USER trader
WORKDIR /home/trader
VOLUME /data
EXPOSE 5001
STOPSIGNAL SIGTERM
ENTRYPOINT ["mt5-otel"]
CMD ["run", "--data-dir", "/data"]
