"""Pages rendered by the server, complete without JavaScript; with it they follow what happens elsewhere."""
