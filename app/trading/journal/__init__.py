"""The record of every order on disk, written before anything is sent."""
