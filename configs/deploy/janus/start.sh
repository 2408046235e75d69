#!/bin/sh
# Fills in what stands in no image: the secret, and the machine's address outside. Into memory.
set -eu
mkdir -p /tmp/janus
cp /etc/janus/*.jcfg /tmp/janus/
secret=$(cat /run/secrets/janus_secret)
sed -i \
    -e "s|@API_SECRET@|$secret|" \
    -e 's|configs_folder = .*|configs_folder = "/tmp/janus"|' \
    -e 's|rtp_port_range = .*|rtp_port_range = "20000-20199"|' \
    -e "s|^nat: {|nat: { nat_1_1_mapping = \"$ADDRESS\"|" \
    /tmp/janus/janus.jcfg
exec janus -F /tmp/janus -C /tmp/janus/janus.jcfg
