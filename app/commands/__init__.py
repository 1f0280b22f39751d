"""What the user can do, by subject: each module has the commands of one, and what they do."""
