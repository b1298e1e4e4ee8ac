#!/bin/sh
# Sees to it that the tests find the real servers: Prometheus, Alertmanager (promtool, amtool) and
# MariaDB.
set -eu
missing=
packages=
# $1 is Debian's package, the rest are the programs that the tests want of it.
wanted() {
    package=$1
    shift
    for program in "$@"; do
        if ! command -v "$program" >/dev/null; then
            missing="$missing $program"
            case " $packages " in *" $package "*) ;; *) packages="$packages $package" ;; esac
        fi
    done
}
PATH=$PATH:/usr/sbin
wanted prometheus prometheus promtool
wanted prometheus-alertmanager amtool
wanted mariadb-server mariadbd mariadb-install-db
[ -n "$missing" ] || exit 0

if [ "$(id -u)" != 0 ] || [ ! -f /etc/debian_version ]; then
    echo "The tests need:$missing" >&2
    echo "Install them (Debian: apt-get install$packages) and run again." >&2
    exit 1
fi
echo "Installing Debian's$packages for the tests (missing:$missing) …"
# They are wanted as programs only: a policy that forbids it keeps their services from starting.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    trap 'rm -f "$policy"' EXIT
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod +x "$policy"
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
# shellcheck disable=SC2086 # a list of names
apt-get install -y -qq --no-install-recommends $packages >/dev/null
