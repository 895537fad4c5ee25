"""The service as its three users meet it: a real process, a real browser, a camera fed with the demo car."""
