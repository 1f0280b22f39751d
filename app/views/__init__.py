"""Qt widgets. Each derives what it shows from `app.state` and changes nothing but that."""
