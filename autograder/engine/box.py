"""What runs in the container of a grading engine: the script that becomes its first process."""

INSIDE = "/course"
"""Where it sees its run folder."""
DISKS = "/disks"
"""Where it sees the volume with templates and disks."""
DATA = "/var/lib/docker"
BRIDGE = "course0"
NO_TEMPLATE = 44
"""The exit code that says that the template is not there."""
WHOLE = "whole"
"""The file in the run folder that says that a new disk may become the template."""

LIMIT = """
if [ -f $groups/cgroup.controllers ]; then
    mount -o remount,bind,rw $groups
    mkdir $groups/engine  # cgroups(7): a group that hands controllers down has no processes
    for pid in $(cat $groups/cgroup.procs); do
        echo "$pid" > $groups/engine/cgroup.procs || :  # cat itself is there no more
    done
    echo "+memory +pids +cpu" > $groups/cgroup.subtree_control
    wanted=$UNIFIED
else
    for folder in $groups/*/; do mount -o remount,bind,rw "$folder"; done
    wanted=$SEVERAL
fi
echo "$wanted" | while read -r file value; do
    [ -n "$file" ] || continue
    mkdir -p "$(dirname "$groups/$file")"
    case $file in *swap* | *memsw*) [ -e "$groups/$file" ] || continue ;; esac
    echo "$value" > "$groups/$file"
done
"""
"""Makes the control groups of hand-ins below $groups, under cgroups v1 and v2."""

_DISK = f"""
[ -c /dev/loop-control ] || mknod -m 600 /dev/loop-control c 10 237
for n in $(seq 0 63); do
    [ -b /dev/loop$n ] || mknod -m 600 /dev/loop$n b 7 $n
done
rm -f "$DISK"
free=$(stat --file-system --format='%a * %S' {DISKS})
if [ $(($free)) -lt $((BYTES / 2)) ]; then
    echo "too little disk: a grading engine needs $((BYTES / 2)) bytes, $(($free)) are free"
    exit 1
fi
mkdir -p {DATA}
if [ -n "$NEW" ]; then
    rm -f {DISKS}/template-*.img
    truncate -s "$BYTES" "$DISK"
    mkfs.ext4 -q -F -m 0 -N "$INODES" "$DISK"
    mount -o loop "$DISK" {DATA}
else
    cp --sparse=always --reflink=auto "$TEMPLATE" "$DISK"
    mount -o loop "$DISK" {DATA}
    rm "$DISK"  # so that it goes with the container, however that ends
fi
"""

ENTER = f"""
set -eu
[ -n "$NEW" ] || [ -f "$TEMPLATE" ] || exit {NO_TEMPLATE}
mount -o remount,bind,rw /sys
mount -t tmpfs -o mode=755 tmpfs /run
groups=/sys/fs/cgroup
{LIMIT}
{_DISK}
ip link set lo up
ip link add {BRIDGE} type bridge
ip address add "$ADDRESS" dev {BRIDGE}
ip link set {BRIDGE} up
dnsmasq --conf-file={INSIDE}/dnsmasq.conf
dockerd "$@" &
engine=$!
trap 'kill -TERM $engine' TERM
# Not exec: the first process reaps what containers leave behind, which dockerd does not.
while kill -0 $engine 2>/dev/null; do wait $engine || :; done
[ -n "$NEW" ] && [ -e {INSIDE}/{WHOLE} ] || exit 1
tries=50
until umount {DATA}; do
    tries=$((tries - 1))
    [ $tries -gt 0 ] || exit 1
    sleep 0.1
done
mv "$DISK" "$TEMPLATE"
"""
"""Sets limits, has a disk, becomes dockerd; a new disk that is whole becomes the template."""
