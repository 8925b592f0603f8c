#!/bin/sh
# Lambda sets AWS_LAMBDA_RUNTIME_API: then events are answered. Elsewhere this is `litescore`.
set -eu
if [ -n "${AWS_LAMBDA_RUNTIME_API:-}" ]; then
    exec python3 -m awslambdaric lambda_handler.handler
fi
exec python3 -m litescore "$@"
