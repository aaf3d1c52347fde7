"""State for machines: /healthz, /readyz and /metrics, off by default, on loopback, without secrets."""
