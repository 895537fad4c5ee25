#!/bin/sh
# Starts SeaweedFS as one S3 server whose only account is the one in the environment.
set -eu
cat > /etc/seaweedfs/s3.json <<JSON
{"identities": [{"name": "inspection", "actions": ["Admin", "Read", "Write", "List"],
  "credentials": [{"accessKey": "${S3_ACCESS_KEY}", "secretKey": "${S3_SECRET_KEY}"}]}]}
JSON
exec weed server -dir=/data -ip=127.0.0.1 -ip.bind=0.0.0.0 -filer -s3 -s3.port=8333 \
  -s3.config=/etc/seaweedfs/s3.json -volume.max=0 -master.volumeSizeLimitMB=1024
