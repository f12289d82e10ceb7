#include "session.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child-memory.h"
#include "drain.h"
#include "port.h"
#include "power.h"
#include "spawn.h"

static struct session *sessions[MAX_SESSIONS];
static size_t session_count;

static struct session *find(uint32_t channel) {
  for (size_t i = 0; i < session_count; i++)
    if (sessions[i]->channel == channel && !sessions[i]->outlived) return sessions[i];
  return NULL;
}

static void forget(struct session *session) {
  watch_close(&session->status);
  stdin_queue_close(&session->input);
  for (int i = 0; i < 2; i++) stdout_stream_close(&session->output[i]);
  for (size_t i = 0; i < session_count; i++) {
    if (sessions[i] != session) continue;
    sessions[i] = sessions[--session_count];
    break;
  }
  watch_free_later(session);
}

static bool send_failure(uint32_t channel, const struct exec_failure *failure) {
  struct payload payload = {0};
  payload_u32(&payload, 1, (uint32_t)failure->error);
  payload_string(&payload, 2, failure->stage);
  payload_string(&payload, 3, failure->message);
  return port_send_payload(FRAME_EXEC_FAILED, channel, &payload);
}

static void refuse(uint32_t channel, int error, const char *stage, const char *message) {
  struct exec_failure failure = {.error = error};
  snprintf(failure.stage, sizeof failure.stage, "%s", stage);
  snprintf(failure.message, sizeof failure.message, "%s", message);
  send_failure(channel, &failure);
}

static void signal_group(struct session *session, int number) {
  if (!session->exited) kill(-session->pid, number);
}

static void begin(struct session *session) {
  session->started = true;
  struct payload payload = {0};
  payload_u32(&payload, 1, (uint32_t)session->pid);
  port_send_payload(FRAME_EXEC_STARTED, session->channel, &payload);
  /* Of a command that has exited no more is awaited. */
  for (int i = 0; i < 2 && !session->exited; i++) {
    int error = stdout_stream_start(&session->output[i]);
    if (error < 0) port_send_error(session->channel, -error, "the output cannot be watched");
  }
  for (int number = 1; number <= 64; number++)
    if ((session->pending_signals >> (number - 1) & 1) != 0) signal_group(session, number);
}

static void on_status(struct watch *watch, uint32_t events) {
  (void)events;
  container_of(watch, struct session, status)->status_known = true;
}

static void explain(struct exec_failure *failure) {
  size_t length = strlen(failure->message);
  snprintf(failure->message + length, sizeof failure->message - length, ": %s", strerror(failure->error));
}

/* Says whether the command runs, once that is known and the queue has room. */
static bool settle(struct session *session) {
  if (!session->status_known || session->started || !port_room_for_control()) return false;
  struct exec_failure failure;
  ssize_t got = read(session->status.fd, &failure, sizeof failure);
  if (got < 0) return false;
  watch_close(&session->status);
  if (got == 0) {
    child_memory_left(session->pid);
    begin(session);
    return true;
  }
  failure.stage[sizeof failure.stage - 1] = failure.message[sizeof failure.message - 1] = 0;
  if (failure.explain) explain(&failure);
  send_failure(session->channel, &failure);
  forget(session);
  return true;
}

static void open_streams(struct session *session, const struct spawned *spawned) {
  session->pid = spawned->pid;
  session->status = (struct watch){.fd = spawned->status, .ready = on_status};
  stdin_queue_open(&session->input, spawned->in, session->channel, session->pty);
  stdout_stream_open(&session->output[0], spawned->out, session->channel, STREAM_STDOUT);
  stdout_stream_open(&session->output[1], spawned->err, session->channel, STREAM_STDERR);
  session->output[0].pty = session->pty;
}

static void start(uint32_t channel, struct exec_request *request) {
  struct session *session = calloc(1, sizeof *session);
  if (session == NULL) {
    refuse(channel, ENOMEM, "limit", "out of memory");
    return;
  }
  session->channel = channel;
  session->pty = request->pty;
  session->errand = request->errand != NULL;
  struct spawned spawned;
  const char *stage;
  int error = spawn(request, &spawned, &stage);
  if (error < 0) {
    refuse(channel, -error, stage, strerror(-error));
    free(session);
    return;
  }
  open_streams(session, &spawned);
  sessions[session_count++] = session;
  error = watch_add(&session->status, EPOLLIN | EPOLLET);
  if (error == 0) return;
  kill(spawned.pid, SIGKILL);
  refuse(channel, -error, "limit", strerror(-error));
  forget(session);
}

static void open_session(const struct frame *frame, const char *(*decode)(const struct frame *, struct exec_request *)) {
  if (frame->channel == 0 || find(frame->channel) != NULL) {
    port_send_error(frame->channel, EEXIST, frame->type == FRAME_EXEC ? "EXEC on a channel that is in use" : "the channel is in use");
    return;
  }
  if (power_is_going_off()) {
    refuse(frame->channel, ESHUTDOWN, "limit", "the machine is powering off");
    return;
  }
  if (session_count == MAX_SESSIONS) {
    refuse(frame->channel, EAGAIN, "limit", "256 sessions are running");
    return;
  }
  struct exec_request request;
  const char *problem = decode(frame, &request);
  if (problem == NULL)
    start(frame->channel, &request);
  else
    refuse(frame->channel, EINVAL, "exec", problem);
  exec_request_free(&request);
}

void session_exec(const struct frame *frame) { open_session(frame, exec_request_decode); }

static const char *decode_errand(const struct frame *frame, struct exec_request *request) {
  static struct errand errand;
  *request = (struct exec_request){.errand = &errand};
  const char *problem = errand_decode(frame, &errand);
  if (errand.user[0] != 0) request->user = errand.user;
  return problem;
}

void session_errand(const struct frame *frame) { open_session(frame, decode_errand); }

/* Frames for a channel that is free cross with its EXIT: they are skipped. */

void session_data(const struct frame *frame) {
  struct session *session = find(frame->channel);
  if (session == NULL || session->exited || frame->stream != STREAM_STDIN) return;
  int error = stdin_queue_take(&session->input, frame->payload, frame->size);
  if (error == 0) return;
  port_send_error(frame->channel, -error, error == -ENOMEM ? "out of memory" : "more bytes than credited");
  stdin_queue_close(&session->input);
  /* The child may not have its group yet. */
  kill(session->pid, SIGKILL);
  signal_group(session, SIGKILL);
}

void session_end(const struct frame *frame) {
  struct session *session = find(frame->channel);
  if (session != NULL && frame->stream == STREAM_STDIN) stdin_queue_end(&session->input);
}

void session_credit(const struct frame *frame) {
  struct session *session = find(frame->channel);
  if (session == NULL || frame->size != 4 || frame->stream < STREAM_STDOUT || frame->stream > STREAM_STDERR) return;
  stdout_stream_credit(&session->output[frame->stream - STREAM_STDOUT], load_u32(frame->payload));
}

void session_signal(const struct frame *frame) {
  struct session *session = find(frame->channel);
  uint32_t number = frame->size == 4 ? load_u32(frame->payload) : 0;
  if (number < 1 || number > 64) {
    port_send_error(frame->channel, EINVAL, "no such signal");
    return;
  }
  if (session == NULL) return;
  if (session->started)
    signal_group(session, (int)number);
  else
    session->pending_signals |= (uint64_t)1 << (number - 1);
}

void session_resize(const struct frame *frame) {
  struct session *session = find(frame->channel);
  if (session == NULL || !session->pty || frame->size != 4) return;
  struct winsize size = {.ws_row = load_u16(frame->payload), .ws_col = load_u16(frame->payload + 2)};
  ioctl(session->output[0].watch.fd, TIOCSWINSZ, &size);
}

void sessions_reaped(pid_t pid, int wait_status) {
  for (size_t i = 0; i < session_count; i++) {
    struct session *session = sessions[i];
    if (session->pid != pid || session->exited) continue;
    session->exited = true;
    session->wait_status = wait_status;
    stdin_queue_close(&session->input);
    for (int stream = 0; stream < 2; stream++) stdout_stream_bound(&session->output[stream]);
    return;
  }
}

static bool finish(struct session *session) {
  if (!session->started || !session->exited || !session->output[0].finished || !session->output[1].finished) return false;
  struct payload payload = {0};
  if (WIFSIGNALED(session->wait_status))
    payload_u32(&payload, 2, (uint32_t)WTERMSIG(session->wait_status));
  else
    payload_u32(&payload, 1, (uint32_t)WEXITSTATUS(session->wait_status));
  if (!port_send_payload(FRAME_EXIT, session->channel, &payload)) return false;
  /* The host may go on while the session is tidied up. */
  port_flush();
  forget(session);
  return true;
}

void sessions_outlive_epoch(void) {
  for (size_t i = 0; i < session_count; i++) {
    struct session *session = sessions[i];
    if (session->outlived) continue;
    port_send_error(session->channel, ESTALE, "the machine was restored in another epoch; the command runs on");
    session->outlived = true;
    if (session->errand)
      stdin_queue_close(&session->input);
    else
      stdin_queue_detach(&session->input);
    for (int stream = 0; stream < 2; stream++) stdout_stream_close(&session->output[stream]);
  }
}

/* Its input stays open, and what had come by then is delivered: the command notices nothing. */
static bool pump_outlived(struct session *session) {
  if (session->status_known) watch_close(&session->status);
  if (!session->exited) return stdin_queue_pump(&session->input);
  forget(session);
  return true;
}

static bool pump(struct session *session) {
  if (session->outlived) return pump_outlived(session);
  bool moved = settle(session);
  if (moved && !session->started) return true;
  moved = (!session->exited && stdin_queue_pump(&session->input)) || moved;
  if (session->started)
    for (int i = 0; i < 2; i++) moved = stdout_stream_pump(&session->output[i]) || moved;
  return finish(session) || moved;
}

bool sessions_pump(void) {
  static size_t first;
  bool moved = false;
  /* Another session comes first each time, since the queue may be full before the last one's turn. */
  if (++first >= session_count) first = 0;
  size_t start = first;
  for (size_t i = session_count; i-- > 0;) {
    if (session_count == 0) break;
    moved = pump(sessions[(start + i) % session_count]) || moved;
  }
  return moved;
}

size_t sessions_count(void) { return session_count; }

void sessions_terminate(void) {
  for (size_t i = 0; i < session_count; i++) {
    signal_group(sessions[i], SIGTERM);
    signal_group(sessions[i], SIGCONT);
  }
}

void sessions_hang_up(void) {
  for (size_t i = 0; i < session_count; i++)
    if (sessions[i]->pty) signal_group(sessions[i], SIGHUP);
}

void sessions_abandon(void) {
  while (session_count > 0) {
    kill(sessions[0]->pid, SIGKILL);
    signal_group(sessions[0], SIGKILL);
    if (!sessions[0]->exited) waitpid(sessions[0]->pid, NULL, 0);
    forget(sessions[0]);
  }
  child_memory_abandon();
  drain_close_all();
}
