"""The model edge: whoever answers a request, and the only place that knows the Anthropic SDK and tenacity."""
