"""Who may do what: platforms with keys, operators with passwords, sellers with links and codes."""
