"""What a gateway asks of the schedulers: one coroutine a call of the gateway service."""

import uuid
from collections.abc import Awaitable, Callable, Sequence
from types import TracebackType
from typing import Any, Self, TypeVar

import grpc
import grpc.aio
from google.protobuf.message import Message

from reelyard.cluster.rpc_channel import CHANNEL_OPTIONS, call_metadata, grpc_target
from reelyard.cluster.rpc_errors import error_from_rpc
from reelyard.cluster.trace_rpc import client_span, method_names
from reelyard.cluster.views import (
    AccountView,
    Caller,
    CreatedIngestView,
    CreatedJobsView,
    CreatedKeyView,
    CreateFormat,
    CreateIngest,
    CreateJobs,
    CreateJobsFromInput,
    CreateKey,
    DownloadView,
    FormatListView,
    IngestListView,
    IngestView,
    JobListView,
    JobView,
    KeyListView,
    KeyView,
    MediaListView,
    MediaView,
    NotificationListView,
    NotificationView,
    UpdateAccount,
    UpdateFormat,
)
from reelyard.cluster.wire import from_message, to_message
from reelyard.media.output import OutputFormat
from reelyard.rpc.v1 import gateway_pb2, gateway_pb2_grpc

V = TypeVar("V")

READ_DEADLINE_S = 5.0
WRITE_DEADLINE_S = 10.0


class GatewayClient:
    """A client of the schedulers' gateway service; build it inside the event loop that uses it.

    Every coroutine raises the scheduler's own error (`NotFoundError`, `SpecError`, ...), or `UnavailableError` when
    no scheduler answered within the deadline.

    Args:
        addresses: `host:port` of every scheduler.
        token: the shared secret, "" when calls need none.
    """

    def __init__(self, addresses: str | Sequence[str], token: str = "") -> None:
        self._channel = grpc.aio.insecure_channel(grpc_target(addresses), options=CHANNEL_OPTIONS)
        self._stub: Any = gateway_pb2_grpc.GatewayServiceStub(self._channel)  # type: ignore[no-untyped-call]
        self._names = method_names(self._stub, "reelyard.rpc.v1.GatewayService")
        self._token = token

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections; calls that run end with UnavailableError."""
        await self._channel.close()

    async def authenticate(self, key_sha256: str) -> Caller:
        """Whose key is this? `key_sha256` is hexadecimal. Raises AuthError for an unknown or revoked one."""
        request = gateway_pb2.AuthenticateRequest(key_sha256=key_sha256)
        return await self._call(self._stub.Authenticate, request, Caller)

    async def create_jobs(self, jobs: CreateJobs) -> CreatedJobsView:
        """Create one ingest and a job an output; the same request ID gets the same answer again."""
        request = to_message(jobs, gateway_pb2.CreateJobsRequest)
        return await self._call(self._stub.CreateJobs, request, CreatedJobsView, deadline_s=WRITE_DEADLINE_S)

    async def create_jobs_from_input(self, jobs: CreateJobsFromInput) -> CreatedJobsView:
        """Create a job an output of an input medium; the same request ID gets the same answer again."""
        request = to_message(jobs, gateway_pb2.CreateJobsFromInputRequest)
        return await self._call(self._stub.CreateJobsFromInput, request, CreatedJobsView, deadline_s=WRITE_DEADLINE_S)

    async def get_job(self, account_id: int, job_id: int) -> JobView:
        """One job of the account."""
        request = gateway_pb2.GetJobRequest(account_id=account_id, job_id=job_id)
        return await self._call(self._stub.GetJob, request, JobView)

    async def list_active_jobs(self, account_id: int, page_size: int, page_number: int) -> JobListView:
        """A page of the account's jobs that have not ended; pages count from 1."""
        request = gateway_pb2.ListRequest(account_id=account_id, page_size=page_size, page_number=page_number)
        return await self._call(self._stub.ListActiveJobs, request, JobListView)

    async def cancel_job(self, account_id: int, job_id: int) -> JobView:
        """End a job; raises ConflictError when it has ended."""
        request = gateway_pb2.CancelJobRequest(account_id=account_id, job_id=job_id, request_id=_new_id())
        return await self._call(self._stub.CancelJob, request, JobView, deadline_s=WRITE_DEADLINE_S)

    async def retry_job(self, account_id: int, job_id: int) -> JobView:
        """Try a failed job again; raises ConflictError when it is not failed."""
        request = gateway_pb2.RetryJobRequest(account_id=account_id, job_id=job_id, request_id=_new_id())
        return await self._call(self._stub.RetryJob, request, JobView, deadline_s=WRITE_DEADLINE_S)

    async def create_ingest(self, ingest: CreateIngest) -> CreatedIngestView:
        """Create an ingest without jobs; the same request ID gets the same answer again."""
        request = to_message(ingest, gateway_pb2.CreateIngestRequest)
        return await self._call(self._stub.CreateIngest, request, CreatedIngestView, deadline_s=WRITE_DEADLINE_S)

    async def get_ingest(self, account_id: int, ingest_id: int) -> IngestView:
        """One ingest of the account."""
        request = gateway_pb2.GetIngestRequest(account_id=account_id, ingest_id=ingest_id)
        return await self._call(self._stub.GetIngest, request, IngestView)

    async def list_active_ingests(self, account_id: int, page_size: int, page_number: int) -> IngestListView:
        """A page of the account's ingests that have not ended."""
        request = gateway_pb2.ListRequest(account_id=account_id, page_size=page_size, page_number=page_number)
        return await self._call(self._stub.ListActiveIngests, request, IngestListView)

    async def cancel_ingest(self, account_id: int, ingest_id: int) -> IngestView:
        """End an ingest and the jobs that wait for it; raises ConflictError when it has ended."""
        request = gateway_pb2.CancelIngestRequest(account_id=account_id, ingest_id=ingest_id, request_id=_new_id())
        return await self._call(self._stub.CancelIngest, request, IngestView, deadline_s=WRITE_DEADLINE_S)

    async def list_notifications(
        self, account_id: int, page_size: int, page_number: int, *, job_id: int = 0, ingest_id: int = 0
    ) -> NotificationListView:
        """A page of the account's notifications, those of one job or ingest where its ID is not 0."""
        request = gateway_pb2.ListNotificationsRequest(
            account_id=account_id, page_size=page_size, page_number=page_number, job_id=job_id, ingest_id=ingest_id
        )
        return await self._call(self._stub.ListNotifications, request, NotificationListView)

    async def get_notification(self, account_id: int, notification_id: int) -> NotificationView:
        """One notification of the account."""
        request = gateway_pb2.GetNotificationRequest(account_id=account_id, notification_id=notification_id)
        return await self._call(self._stub.GetNotification, request, NotificationView)

    async def replay_notification(self, account_id: int, notification_id: int) -> NotificationView:
        """Send a notification again; the new one. Raises ConflictError while it is being sent."""
        request = gateway_pb2.ReplayNotificationRequest(account_id=account_id, notification_id=notification_id)
        return await self._call(self._stub.ReplayNotification, request, NotificationView, deadline_s=WRITE_DEADLINE_S)

    async def get_media(self, account_id: int, kind: str, media_id: int) -> MediaView:
        """One medium of the account; `kind` is "input" or "output"."""
        request = gateway_pb2.GetMediaRequest(account_id=account_id, kind=kind, media_id=media_id)
        return await self._call(self._stub.GetMedia, request, MediaView)

    async def list_media(self, account_id: int, kind: str, page_size: int, page_number: int) -> MediaListView:
        """A page of the account's media of that kind."""
        request = gateway_pb2.ListMediaRequest(
            account_id=account_id, kind=kind, page_size=page_size, page_number=page_number
        )
        return await self._call(self._stub.ListMedia, request, MediaListView)

    async def delete_media(self, account_id: int, kind: str, media_id: int) -> MediaView:
        """Delete a medium's bytes; raises ConflictError while a job needs it."""
        request = gateway_pb2.DeleteMediaRequest(
            account_id=account_id, kind=kind, media_id=media_id, request_id=_new_id()
        )
        return await self._call(self._stub.DeleteMedia, request, MediaView, deadline_s=WRITE_DEADLINE_S)

    async def resolve_download(self, kind: str, media_id: int, token: str, name: str) -> DownloadView:
        """The stored object behind a download URL, which its unguessable token opens."""
        request = gateway_pb2.ResolveDownloadRequest(kind=kind, media_id=media_id, token=token, name=name)
        return await self._call(self._stub.ResolveDownload, request, DownloadView)

    async def get_format(self, account_id: int, format_id: int) -> OutputFormat:
        """One output format."""
        request = gateway_pb2.GetFormatRequest(account_id=account_id, format_id=format_id)
        return await self._call(self._stub.GetFormat, request, OutputFormat)

    async def list_formats(self, account_id: int, page_size: int, page_number: int) -> FormatListView:
        """A page of the output formats that the account may name."""
        request = gateway_pb2.ListFormatsRequest(account_id=account_id, page_size=page_size, page_number=page_number)
        return await self._call(self._stub.ListFormats, request, FormatListView)

    async def create_format(self, wanted: CreateFormat) -> OutputFormat:
        """Create a format of the account's own; the same request ID gets the same answer again."""
        request = to_message(wanted, gateway_pb2.CreateFormatRequest)
        return await self._call(self._stub.CreateFormat, request, OutputFormat, deadline_s=WRITE_DEADLINE_S)

    async def update_format(self, wanted: UpdateFormat) -> OutputFormat:
        """Replace a format of the account's own."""
        request = to_message(wanted, gateway_pb2.UpdateFormatRequest)
        return await self._call(self._stub.UpdateFormat, request, OutputFormat, deadline_s=WRITE_DEADLINE_S)

    async def delete_format(self, account_id: int, format_id: int) -> OutputFormat:
        """Remove a format of the account's own; as it was."""
        request = gateway_pb2.DeleteFormatRequest(account_id=account_id, format_id=format_id)
        return await self._call(self._stub.DeleteFormat, request, OutputFormat, deadline_s=WRITE_DEADLINE_S)

    async def get_account(self, account_id: int) -> AccountView:
        """The account with its settings."""
        request = gateway_pb2.GetAccountRequest(account_id=account_id)
        return await self._call(self._stub.GetAccount, request, AccountView)

    async def update_account(self, change: UpdateAccount) -> AccountView:
        """Change the settings that are given."""
        request = to_message(change, gateway_pb2.UpdateAccountRequest)
        return await self._call(self._stub.UpdateAccount, request, AccountView, deadline_s=WRITE_DEADLINE_S)

    async def create_account(self, name: str) -> AccountView:
        """Create an account; raises ConflictError when the name is taken."""
        request = gateway_pb2.CreateAccountRequest(name=name)
        return await self._call(self._stub.CreateAccount, request, AccountView, deadline_s=WRITE_DEADLINE_S)

    async def create_key(self, wanted: CreateKey) -> CreatedKeyView:
        """Create an API key; the answer alone holds its secret. ConflictError when its request ID was used before."""
        request = to_message(wanted, gateway_pb2.CreateKeyRequest)
        return await self._call(self._stub.CreateKey, request, CreatedKeyView, deadline_s=WRITE_DEADLINE_S)

    async def list_keys(self, account_id: int = 0) -> KeyListView:
        """The keys of an account, of all with 0."""
        request = gateway_pb2.ListKeysRequest(account_id=account_id)
        return await self._call(self._stub.ListKeys, request, KeyListView)

    async def revoke_key(self, account_id: int, key_id: int, *, keep_last: bool = False) -> KeyView:
        """Revoke a key for good; with `keep_last`, ConflictError for the account's last usable one."""
        request = gateway_pb2.RevokeKeyRequest(account_id=account_id, key_id=key_id, keep_last=keep_last)
        return await self._call(self._stub.RevokeKey, request, KeyView, deadline_s=WRITE_DEADLINE_S)

    async def _call(
        self,
        method: Callable[..., Awaitable[Message]],
        request: Message,
        view: type[V],
        *,
        deadline_s: float = READ_DEADLINE_S,
    ) -> V:
        with client_span(self._names[method]):
            try:
                answer = await method(request, timeout=deadline_s, metadata=call_metadata(self._token))
            except grpc.RpcError as error:
                raise error_from_rpc(error) from error
        return from_message(answer, view)


def _new_id() -> str:
    """The ID of a call: gRPC may send the call again when its answer is lost, and each time with the same one."""
    return str(uuid.uuid4())
