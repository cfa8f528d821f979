#!/bin/sh
# Makes a root file system that holds Node, the libraries that it links to, and nothing else: no shell, no package
# manager. Usage: make-root.sh FOLDER [NODE]
set -eu

root=$1
node=${2:-$(command -v node)}

mkdir -p "$root/usr/local/bin" "$root/etc" "$root/tmp"
chmod 1777 "$root/tmp"
strip -o "$root/usr/local/bin/node" "$node"

# Names stay as the loader looks for them, so links are followed.
ldd "$node" | grep -o '/[^ ]*' | while read -r library; do
  mkdir -p "$root$(dirname "$library")"
  cp -L "$library" "$root$library"
done

echo 'headgate:x:1000:1000::/:/' > "$root/etc/passwd"
echo 'headgate:x:1000:' > "$root/etc/group"
echo 'hosts: files dns' > "$root/etc/nsswitch.conf"
