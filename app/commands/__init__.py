"""Commands, by subject: each module has the commands of one menu or part of it."""
