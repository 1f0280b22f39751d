"""Qt widgets. Each displays `app.state`, and changes nothing else."""
