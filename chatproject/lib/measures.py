"""Everything this server counts: the one list of metrics. docs/operations.md explains each; a test compares them."""

from chatproject.lib.metrics import Counter, Gauge, Histogram, Metric, exposition

build_info = Gauge("chat_build_info", "1, with the version that runs.", ("version",))
connections = Gauge("chat_ws_connections", "Sockets that have said hello and are open now.")
clients = Gauge("chat_ws_clients", "Open sockets, by the build of the page that said hello.", ("build",))
connects = Counter("chat_ws_connects_total", "Attempts to open a socket, by how they ended.", ("result",))
closes = Counter("chat_ws_closes_total", "Sockets that this server closed, by code.", ("code",))
frames = Counter("chat_frames_total", "Frames of sockets, by direction and type.", ("direction", "type"))
frame_seconds = Histogram("chat_frame_seconds", "From a frame taken to its answer handed over, by type.", ("type",))
stored = Counter("chat_envelopes_stored_total", "Events stored and accepted, by kind.", ("kind",))
posts_refused = Counter(
    "chat_posts_refused_total", "Posts that changed nothing, by the code of the refusal.", ("code",)
)
attachments_stored = Counter("chat_attachments_stored_total", "Attachments of which all parts have come.")
attachment_bytes = Counter("chat_attachment_bytes_total", "Bytes of attachments, by direction.", ("direction",))
attachment_room = Gauge("chat_attachment_room_bytes", "Room that the attachments take that are kept now.")
delivery_seconds = Histogram("chat_delivery_seconds", "From an event stored to its page handed to another's socket.")
sweep_recovered = Counter("chat_sweep_recovered_total", "Conversations whose bell was lost and whom a heartbeat found.")
bells_failed = Counter("chat_bells_failed_total", "Bells that did not ring, by what failed.", ("what",))
layer_seconds = Gauge("chat_layer_roundtrip_seconds", "The last message to itself through the channel layer.")
layer_up = Gauge("chat_layer_up", "1 when the channel layer answered last time, else 0.")
loop_lag = Gauge("chat_loop_lag_seconds", "How late the event loop came back from its last second of sleep.")
pool_size = Gauge("chat_db_pool_size", "Connections of the pool, by database.", ("database",))
pool_waiting = Gauge("chat_db_pool_waiting", "Requests that wait for a connection, by database.", ("database",))
executor_queue = Gauge("chat_executor_queue", "Database work of sockets that waits for a thread.")
requests = Counter("chat_http_requests_total", "Answers over HTTP, by their status.", ("status",))
request_seconds = Histogram("chat_http_request_seconds", "From a request taken to its answer, without waits for news.")
auth_failures = Counter("chat_auth_failures_total", "Passwords and codes that were wrong.", ("kind",))
rate_limited = Counter("chat_rate_limited_total", "Tries refused because there were too many, by limit.", ("scope",))
prekeys_low = Counter("chat_prekeys_low_total", "Devices that had no one-time prekey to give when asked.")
log_size = Gauge("chat_keylog_size", "Leaves under the newest signed head of the log of keys.")
log_age = Gauge("chat_keylog_head_age_seconds", "Age of the newest signed head of the log of keys.")
job_success = Gauge("chat_job_last_success_timestamp", "When a job ended well last, by task.", ("task",))

ALL: tuple[Metric, ...] = tuple(value for value in list(globals().values()) if isinstance(value, Metric))


def page() -> str:
    return exposition(ALL)
