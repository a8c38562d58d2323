#!/bin/sh
# Starts nginx with body limits derived from the service's own settings, in bytes.
# The root file system is read-only, so the configuration goes to /tmp.
set -eu
margin=2097152 # other form fields and the multipart boundaries
export UPLOAD_BODY_BYTES=$((${MAX_UPLOAD_BYTES:-31457280} + margin))
export ARCHIVE_BODY_BYTES=$((${MAX_ARCHIVE_BYTES:-209715200} + margin))
envsubst '${UPLOAD_BODY_BYTES} ${ARCHIVE_BODY_BYTES}' </etc/nginx/nginx.conf.template >/tmp/nginx.conf
exec nginx -c /tmp/nginx.conf -g 'daemon off;'
