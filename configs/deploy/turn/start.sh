#!/bin/sh
# Fills in what stands in no image: the secret, and this machine's address. Into memory, so that the
# secret is in no list of processes.
set -eu
secret=$(sed 's/[\\&|]/\\&/g' /run/secrets/turn_secret)
sed "s|@TURN_SECRET@|$secret|" /etc/turn/turnserver.conf > /tmp/turnserver.conf
if hostname -I | tr ' ' '\n' | grep -qxF "$ADDRESS"; then
    # Not at one of the containers' bridges, which are addresses of this machine, too.
    echo "relay-ip=$ADDRESS"
else
    echo "external-ip=$ADDRESS"
fi >> /tmp/turnserver.conf
# Two members who are both relayed reach each other, and the media server, at this address, which in
# a hospital's network is one of those that are denied.
echo "allowed-peer-ip=$ADDRESS" >> /tmp/turnserver.conf
exec turnserver -c /tmp/turnserver.conf --pidfile /tmp/turn.pid --userdb /tmp/turn.users
