"""How anything outside this machine is reached, the same for REST, WebSockets and notices: proxies and certificates."""
