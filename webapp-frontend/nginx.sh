#!/bin/sh
# Starts nginx with body limits derived from the service's own settings, in bytes.
# The root file system is read-only, so the configuration goes to /tmp.
set -eu
margin=2097152 # other form fields and the multipart boundaries
export UPLOAD_BODY_BYTES=$((${MAX_UPLOAD_BYTES:-31457280} + margin))
export ARCHIVE_BODY_BYTES=$((${MAX_ARCHIVE_BYTES:-209715200} + margin))
# nginx asks this server at each request, so it follows the other containers to new addresses.
RESOLVER=$(awk '$1 == "nameserver" {print $2; exit}' /etc/resolv.conf)
export RESOLVER="${RESOLVER:-127.0.0.11}"
export BACKEND="${BACKEND:-backend:8000}" TENSORBOARD="${TENSORBOARD:-tensorboard:6006}"
envsubst '${UPLOAD_BODY_BYTES} ${ARCHIVE_BODY_BYTES} ${RESOLVER} ${BACKEND} ${TENSORBOARD}' \
  </etc/nginx/nginx.conf.template >/tmp/nginx.conf
exec nginx -c /tmp/nginx.conf -g 'daemon off;'
