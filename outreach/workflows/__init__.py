"""One function per use case that writes several domains."""
