"""The HTTP endpoint: `/status`, `/metrics`, `/livez`, `/readyz`.

- `actor`         the endpoint and its routes
- `status_page`   the newest reports, as a snapshot and as JSON
- `exposition`    the same figures as Prometheus reads them
- `http_server`   the connections, limited and reserved; `http_port` the port
"""
