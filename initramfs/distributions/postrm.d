#!/bin/sh
# Debian: run when a kernel was removed.
set -eu
version=${1:?}
[ "${INITRD:-}" != No ] || exit 0
bootopt=
[ -z "${2:-}" ] || bootopt="-b $(dirname "$2")"
# shellcheck disable=SC2086
exec update-rescuebox -d -k "$version" $bootopt >&2
