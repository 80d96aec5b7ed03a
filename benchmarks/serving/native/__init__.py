"""The load client, and the least that serving can cost: programs that speak by lines of JSON."""
