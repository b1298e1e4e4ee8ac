#!/bin/sh
# Sees to it that the tests find the real Prometheus and Alertmanager: promtool, prometheus, amtool.
set -eu
missing=
for program in prometheus promtool amtool; do
    command -v "$program" >/dev/null || missing="$missing $program"
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" != 0 ] || [ ! -f /etc/debian_version ]; then
    echo "The tests need:$missing" >&2
    echo "Install them (Debian: apt-get install prometheus prometheus-alertmanager) and run again." >&2
    exit 1
fi
echo "Installing Debian's prometheus and prometheus-alertmanager for the tests (missing:$missing) …"
# They are wanted as programs only: a policy that forbids it keeps their services from starting.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    trap 'rm -f "$policy"' EXIT
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod +x "$policy"
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends prometheus prometheus-alertmanager >/dev/null
