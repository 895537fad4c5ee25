"""What the command line does, one file a command, each imported only when asked for: --help stays quick."""
