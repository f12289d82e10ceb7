/* Waiting for devices by the kernel's own announcements. */
#ifndef NOOK_DEVICES_H
#define NOOK_DEVICES_H

/* A socket, not blocking, on which the kernel says what of devices is new or otherwise; or -errno. */
int devices_announcements(void);
/* Begins to listen; before modules are loaded, so that nothing is missed. 0 or -errno. */
int devices_listen(void);
void devices_stop_listening(void);
/* Waits until `probe(argument)` says 1, looking again after each announcement. 0, or -ETIMEDOUT. */
int devices_wait(int (*probe)(void *argument), void *argument, int seconds);

/* For devices_wait: whether the root disk's node exists. */
int devices_disk_exists(void *argument);

struct port_search {
  const char *name; /* of the virtio port */
  char path[64];    /* its device */
};

/* For devices_wait: looks for the port of a struct port_search and its device node. */
int devices_port_exists(void *argument);

#endif
