#!/bin/sh
# Debian: run when a kernel was installed. initramfs-tools' conventions.
set -eu
version=${1:?}
[ "${INITRD:-}" != No ] || exit 0
# A package being removed calls this for nothing.
[ "${DEB_MAINT_PARAMS:-configure}" != "${DEB_MAINT_PARAMS#*configure}" ] || exit 0
bootopt=
[ -z "${2:-}" ] || bootopt="-b $(dirname "$2")"
# shellcheck disable=SC2086
exec update-rescuebox -c -k "$version" $bootopt >&2
