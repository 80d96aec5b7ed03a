"""The stream: from a change of an inbox to the sockets that are open for it."""
