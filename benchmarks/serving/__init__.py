"""What a server costs that pushes to thousands of sockets: the tutorial app, the product, and the least there is."""
