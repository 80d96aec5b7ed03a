"""A process of a site that carries out orders on the database that ``DATABASE_URL`` names."""
