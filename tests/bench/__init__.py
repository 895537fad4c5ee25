"""Speed and memory of what users wait for, each beside its reference in the same run."""
