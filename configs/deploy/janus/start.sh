#!/bin/sh
# Fills in what stands in no image: the secret, the machine's address outside, and where this
# processor's plugins are. Into memory.
set -eu
mkdir -p /tmp/janus
cp /etc/janus/*.jcfg /tmp/janus/
secret=$(sed 's/[\\&|]/\\&/g' /run/secrets/janus_secret)
plugins=$(echo /usr/lib/*/janus/plugins)
sed -i \
    -e "s|@API_SECRET@|$secret|" \
    -e 's|configs_folder = .*|configs_folder = "/tmp/janus"|' \
    -e "s|plugins_folder = .*|plugins_folder = \"$plugins\"|" \
    -e "s|transports_folder = .*|transports_folder = \"${plugins%plugins}transports\"|" \
    -e "s|^nat: {|nat: { nat_1_1_mapping = \"$ADDRESS\"|" \
    /tmp/janus/janus.jcfg
exec janus -F /tmp/janus -C /tmp/janus/janus.jcfg
