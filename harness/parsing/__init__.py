"""Text and bytes in, records out: YAML files, stored JSON, and agent prompt files."""
