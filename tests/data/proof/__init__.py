"""Sample reports with their answers, which the web client's tests read; ``make.py`` writes them."""
