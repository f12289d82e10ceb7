/** 127, as a shell says that a command is not there. */
const NOT_FOUND = 127;

/**
 * Becomes an sshd whose connection is its stdin and stdout. Its keys and settings lie beside those of the image, which stay
 * as they are; they are written for each connection, since a copy of a VM has other keys. PAM is used where the image has it
 * set up for sshd, as it would by itself: without it, accounts that have no password are refused as locked.
 */
export const SSHD_SCRIPT = `
for sshd in "$(command -v sshd)" /usr/sbin/sshd /usr/local/sbin/sshd /sbin/sshd; do [ -x "$sshd" ] && break; done
if ! [ -x "$sshd" ]; then
  echo "nook: the image of VM '$NOOK_VM' has no sshd. Install one in it (Debian: apt-get install openssh-server); a shell without it: nook vm exec -t $NOOK_VM" >&2
  exit ${NOT_FOUND}
fi
umask 077
dir=/run/nook/ssh
mkdir -p "$dir" /run/sshd && chmod 755 /run/nook "$dir" /run/sshd || exit 1
put() { cat >"$dir/$1.$$" && chmod "$2" "$dir/$1.$$" && mv -f "$dir/$1.$$" "$dir/$1" || exit 1; }
printf '%s\\n' "$NOOK_HOST_KEY" | put host_key 600
printf '%s\\n' "$NOOK_AUTHORIZED_KEY" | put authorized_keys 644
pam=$([ -e /etc/pam.d/sshd ] && echo UsePAM yes)
put sshd_config 644 <<END
HostKey $dir/host_key
AuthorizedKeysFile $dir/authorized_keys
AuthenticationMethods publickey
PasswordAuthentication no
PermitRootLogin prohibit-password
$pam
PrintMotd no
PrintLastLog no
UseDNS no
X11Forwarding no
AcceptEnv LANG LC_* COLORTERM
Subsystem sftp internal-sftp
LogLevel ERROR
END
unset NOOK_VM NOOK_HOST_KEY NOOK_AUTHORIZED_KEY
umask 022
exec "$sshd" -i -e -f "$dir/sshd_config"
`;
