#include "dispatch.h"

#include <errno.h>
#include <stdio.h>
#include <sys/utsname.h>

#include "handover.h"
#include "identity.h"
#include "port.h"
#include "power.h"
#include "root-growth.h"
#include "session.h"

#ifndef NOOK_BUILD_ID
#define NOOK_BUILD_ID "unknown"
#endif

enum { TAG_VERSION = 1, TAG_EPOCH, TAG_AGENT, TAG_KERNEL };

void dispatch_hello(uint64_t epoch) {
  struct utsname kernel;
  struct payload payload = {0};
  payload_u32(&payload, TAG_VERSION, PROTOCOL_VERSION);
  payload_u64(&payload, TAG_EPOCH, epoch);
  payload_string(&payload, TAG_AGENT, NOOK_BUILD_ID);
  payload_string(&payload, TAG_KERNEL, uname(&kernel) == 0 ? kernel.release : "");
  port_send_payload(FRAME_HELLO, 0, &payload);
}

/* Another epoch is another host, or the same one with a machine that was restored: it knows no session of the earlier. */
static void enter_epoch(uint64_t epoch) {
  static uint64_t current;
  if (current != 0 && epoch != 0 && epoch != current) {
    port_forget_unsent();
    root_forget_growth();
    sessions_outlive_epoch();
  }
  if (epoch != 0) current = epoch;
  dispatch_hello(epoch);
}

static void on_hello(const struct frame *frame) {
  struct fields fields = {.next = frame->payload, .left = frame->size};
  struct field field;
  uint32_t version = 0;
  uint64_t epoch = 0;
  while (fields_next(&fields, &field) > 0) {
    if (field.tag == TAG_VERSION && field.length == 4) version = load_u32(field.value);
    if (field.tag == TAG_EPOCH) field_u64(&field, &epoch);
  }
  if (version != PROTOCOL_VERSION)
    port_send_error(0, EPROTONOSUPPORT, "HELLO: this agent speaks version 1");
  else
    enter_epoch(epoch);
}

void dispatch_configured(int error, const char *why) {
  if (error == 0) {
    port_send(FRAME_CONFIGURED, 0, 0, NULL, 0);
    return;
  }
  char message[300];
  snprintf(message, sizeof message, "CONFIGURE: %s", why);
  port_send_error(0, -error, message);
}

static bool init_wanted;

/* What is left of a CONFIGURE once the root file system has its size. */
static void configure_on(int error, const char *why) {
  char problem[256];
  if (error == 0 && init_wanted) {
    error = handover_begin(dispatch_configured, problem, sizeof problem);
    why = problem;
  }
  if (error <= 0) dispatch_configured(error, why);
}

static int await_growth(uint64_t bytes, char *why, size_t size) {
  const char *reason;
  int error = root_await_growth(bytes, configure_on, &reason);
  if (error < 0) snprintf(why, size, "disk: %s", reason);
  return error;
}

static void on_configure(const struct frame *frame) {
  struct configuration configuration;
  char why[256];
  int error = -EINVAL;
  const char *problem = configuration_decode(frame, &configuration);
  root_forget_growth();
  if (problem != NULL)
    snprintf(why, sizeof why, "%s", problem);
  else
    error = identity_apply(&configuration, why, sizeof why);
  if (error == 0 && configuration.disk > 0) error = await_growth(configuration.disk, why, sizeof why);
  init_wanted = configuration.image_init;
  if (error <= 0) configure_on(error, why);
}

static void on_ping(const struct frame *frame) {
  if (frame->size > MAX_PING)
    port_send_error(0, EMSGSIZE, "PING of more than 64 bytes");
  else
    port_send(FRAME_PONG, frame->channel, 0, frame->payload, frame->size);
}

static void on_poweroff(const struct frame *frame) {
  if (frame->size != 4)
    port_send_error(0, EINVAL, "POWEROFF without its milliseconds");
  else
    power_off_after(load_u32(frame->payload));
}

static void on_hold(const struct frame *frame) {
  (void)frame;
  port_send(FRAME_HELD, 0, 0, NULL, 0);
  port_hold();
}

static void on_pong(const struct frame *frame) { (void)frame; }

static void (*const handlers[])(const struct frame *frame) = {
    [FRAME_HELLO] = on_hello,     [FRAME_CONFIGURE] = on_configure, [FRAME_EXEC] = session_exec,
    [FRAME_DATA] = session_data,  [FRAME_END] = session_end,        [FRAME_CREDIT] = session_credit,
    [FRAME_SIGNAL] = session_signal, [FRAME_RESIZE] = session_resize, [FRAME_PING] = on_ping,
    [FRAME_PONG] = on_pong,       [FRAME_POWEROFF] = on_poweroff, [FRAME_COPY] = session_errand,
    [FRAME_STATS] = session_errand, [FRAME_LISTENERS] = session_errand,
    [FRAME_HOLD] = on_hold,       [FRAME_CONNECT] = session_errand,
};

void dispatch_frame(const struct frame *frame) {
  if (frame->type < sizeof handlers / sizeof *handlers && handlers[frame->type] != NULL)
    handlers[frame->type](frame);
  else
    port_send_error(frame->channel, EOPNOTSUPP, "a type of frame that the guest does not take");
}
