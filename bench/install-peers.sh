#!/bin/sh
# Installs what FileX is compared with, on Debian or Ubuntu. Needs root, for apt-get; starts no service and changes no
# configuration: the bench starts every peer itself, on loopback, with files of its own.
set -eu

packages='rsync nginx-light openssh-server openssh-client netcat-openbsd curl openssl tar e2fsprogs'

if [ "$(id -u)" -ne 0 ]; then
  echo "run this as root: it installs $packages" >&2
  exit 1
fi

# Packages of daemons start them when they are installed, unless this program says no.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod 755 "$policy"
  trap 'rm -f "$policy"' EXIT
fi
apt-get update
# shellcheck disable=SC2086
DEBIAN_FRONTEND=noninteractive apt-get install -y --no-upgrade --no-install-recommends $packages

# sshd of root wants it; the service, which is not started, would make it. It is gone after the next boot.
install -d -m 755 /run/sshd

cd "$(dirname "$0")/peers"
npm ci --ignore-scripts --no-audit --no-fund
