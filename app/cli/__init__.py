"""The command line as a whole, and the commands that need the application's window or scene."""
