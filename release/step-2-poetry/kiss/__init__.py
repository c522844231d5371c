"""A web service with one route."""
