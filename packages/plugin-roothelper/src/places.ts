/** The helper's own, made by root when it is installed. */
export const STATE_DIR = '/var/lib/nook-roothelper';
export const RUN_DIR = '/run/nook-roothelper';
export const SOCKET_NAME = 'helper.sock';
