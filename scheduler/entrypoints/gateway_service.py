# ruff: noqa: N802  # gRPC calls methods by their names in the .proto file
"""What gateways ask, as gRPC: each call is one use case, translated on the way in and out.

Errors leave as exceptions; the server's interceptor makes rich statuses of them.
"""

from collections.abc import Callable
from typing import Any

import grpc
import structlog
from structlog.contextvars import bind_contextvars

from reelyard.cluster import views
from reelyard.cluster.urlguard import FetchPolicy
from reelyard.cluster.wire import from_message, to_message
from reelyard.rpc.v1 import gateway_pb2 as pb
from reelyard.rpc.v1 import gateway_pb2_grpc, media_pb2
from scheduler.domain.policy import Policy
from scheduler.store.database import Database
from scheduler.usecases import (
    account_settings,
    accounts,
    formats,
    keys,
    read_formats,
    read_ingests,
    read_jobs,
    read_media,
    read_notifications,
)
from scheduler.usecases.authenticate import authenticate
from scheduler.usecases.cancel_ingest import cancel_ingest
from scheduler.usecases.cancel_job import cancel_job
from scheduler.usecases.create_ingest import create_ingest
from scheduler.usecases.create_jobs import create_jobs
from scheduler.usecases.create_jobs_from_input import create_jobs_from_input
from scheduler.usecases.delete_media import delete_media
from scheduler.usecases.paging import Page
from scheduler.usecases.replay_notification import replay_notification
from scheduler.usecases.resolve_download import resolve_download
from scheduler.usecases.retry_job import retry_job

Context = grpc.ServicerContext

_log = structlog.get_logger(__name__)


class GatewayServicer(gateway_pb2_grpc.GatewayServiceServicer):
    """The gateway's side of the scheduler.

    Args:
        database: where the truth is.
        wake: wakes the dispatcher; called when a call made work runnable, after it was committed.
        policy: when to clean up after what was ended, and the encoders of pools that may be at zero.
        fetch: which private addresses a source may have.
        public_url: base of the URLs in notifications; "" uses the one that the request brings.
        sends_mail: whether there is a mail server.
        rate_limit: requests an hour of an account that has no limit of its own; 0 for none.
    """

    def __init__(
        self,
        database: Database,
        *,
        wake: Callable[[], None],
        policy: Policy,
        fetch: FetchPolicy,
        public_url: str = "",
        sends_mail: bool = False,
        rate_limit: int = 0,
    ) -> None:
        self._database = database
        self._policy = policy
        self._wake = wake
        self._fetch = fetch
        self._public_url = public_url
        self._sends_mail = sends_mail
        self._rate_limit = rate_limit

    def Authenticate(self, request: pb.AuthenticateRequest, _context: Context) -> pb.AuthenticateResponse:
        """Whom a key belongs to, and whether its account may go on."""
        caller = authenticate(self._database, request.key_sha256, rate_limit=self._rate_limit)
        return to_message(caller, pb.AuthenticateResponse)

    def CreateJobs(self, request: pb.CreateJobsRequest, _context: Context) -> pb.CreateJobsResponse:
        """One ingest, and one job an output."""
        wanted = from_message(request, views.CreateJobs)
        created = create_jobs(
            self._database,
            wanted,
            fetch=self._fetch,
            public_url=self._public_url,
            sends_mail=self._sends_mail,
            policy=self._policy,
        )
        self._wake()
        _tell(created, request.account_id)
        return to_message(created, pb.CreateJobsResponse)

    def CreateJobsFromInput(self, request: pb.CreateJobsFromInputRequest, _context: Context) -> pb.CreateJobsResponse:
        """One job an output, of an input medium."""
        wanted = from_message(request, views.CreateJobsFromInput)
        created = create_jobs_from_input(
            self._database,
            wanted,
            fetch=self._fetch,
            public_url=self._public_url,
            sends_mail=self._sends_mail,
            policy=self._policy,
        )
        self._wake()
        _tell(created, request.account_id)
        return to_message(created, pb.CreateJobsResponse)

    def GetJob(self, request: pb.GetJobRequest, _context: Context) -> pb.Job:
        """One job."""
        return to_message(read_jobs.get_job(self._database, request.account_id, request.job_id), pb.Job)

    def ListActiveJobs(self, request: pb.ListRequest, _context: Context) -> pb.JobList:
        """The jobs that have not ended."""
        found = read_jobs.list_active_jobs(self._database, request.account_id, _page(request))
        return to_message(found, pb.JobList)

    def CreateIngest(self, request: pb.CreateIngestRequest, _context: Context) -> pb.CreateIngestResponse:
        """One ingest without jobs."""
        wanted = from_message(request, views.CreateIngest)
        created = create_ingest(
            self._database, wanted, fetch=self._fetch, public_url=self._public_url, sends_mail=self._sends_mail
        )
        self._wake()
        _log.info("ingest_accepted", ingest_id=created.ingest_id, account_id=request.account_id)
        return to_message(created, pb.CreateIngestResponse)

    def CancelJob(self, request: pb.CancelJobRequest, _context: Context) -> pb.Job:
        """End a job."""
        account_id, job_id = request.account_id, request.job_id
        bind_contextvars(job_id=job_id)
        cancel_job(self._database, account_id, job_id, self._policy, request_id=request.request_id)
        self._wake()
        _log.info("job_cancelled")
        return to_message(read_jobs.get_job(self._database, account_id, job_id), pb.Job)

    def RetryJob(self, request: pb.RetryJobRequest, _context: Context) -> pb.Job:
        """Try a failed job again."""
        account_id, job_id = request.account_id, request.job_id
        bind_contextvars(job_id=job_id)
        retry_job(self._database, account_id, job_id, self._policy, request_id=request.request_id)
        self._wake()
        _log.info("job_tried_again")
        return to_message(read_jobs.get_job(self._database, account_id, job_id), pb.Job)

    def GetIngest(self, request: pb.GetIngestRequest, _context: Context) -> pb.Ingest:
        """One ingest."""
        found = read_ingests.get_ingest(self._database, request.account_id, request.ingest_id)
        return to_message(found, pb.Ingest)

    def ListActiveIngests(self, request: pb.ListRequest, _context: Context) -> pb.IngestList:
        """The ingests that have not ended."""
        found = read_ingests.list_active_ingests(self._database, request.account_id, _page(request))
        return to_message(found, pb.IngestList)

    def CancelIngest(self, request: pb.CancelIngestRequest, _context: Context) -> pb.Ingest:
        """End an ingest and its jobs."""
        account_id, ingest_id = request.account_id, request.ingest_id
        cancel_ingest(self._database, account_id, ingest_id, self._policy, request_id=request.request_id)
        self._wake()
        found = read_ingests.get_ingest(self._database, account_id, ingest_id)
        return to_message(found, pb.Ingest)

    def ListNotifications(self, request: pb.ListNotificationsRequest, _context: Context) -> pb.NotificationList:
        """The delivery log."""
        found = read_notifications.list_notifications(
            self._database, request.account_id, _page(request), job_id=request.job_id, ingest_id=request.ingest_id
        )
        return to_message(found, pb.NotificationList)

    def GetNotification(self, request: pb.GetNotificationRequest, _context: Context) -> pb.Notification:
        """One notification."""
        found = read_notifications.get_notification(self._database, request.account_id, request.notification_id)
        return to_message(found, pb.Notification)

    def ReplayNotification(self, request: pb.ReplayNotificationRequest, _context: Context) -> pb.Notification:
        """Send a notification again."""
        new_id = replay_notification(self._database, request.account_id, request.notification_id)
        self._wake()
        found = read_notifications.get_notification(self._database, request.account_id, new_id)
        return to_message(found, pb.Notification)

    def GetMedia(self, request: pb.GetMediaRequest, _context: Context) -> pb.Media:
        """One medium."""
        found = read_media.get_media(self._database, request.account_id, request.kind, request.media_id)
        return to_message(found, pb.Media)

    def ListMedia(self, request: pb.ListMediaRequest, _context: Context) -> pb.MediaList:
        """The media of a kind."""
        found = read_media.list_media(self._database, request.account_id, request.kind, _page(request))
        return to_message(found, pb.MediaList)

    def DeleteMedia(self, request: pb.DeleteMediaRequest, _context: Context) -> pb.Media:
        """Delete one medium."""
        account_id, kind, media_id = request.account_id, request.kind, request.media_id
        delete_media(self._database, account_id, kind, media_id, request_id=request.request_id)
        self._wake()
        found = read_media.get_media(self._database, account_id, kind, media_id)
        return to_message(found, pb.Media)

    def ResolveDownload(self, request: pb.ResolveDownloadRequest, _context: Context) -> pb.Download:
        """The stored object behind a download URL."""
        found = resolve_download(self._database, request.kind, request.media_id, request.token, request.name)
        return to_message(found, pb.Download)

    def GetFormat(self, request: pb.GetFormatRequest, _context: Context) -> media_pb2.OutputFormat:
        """One output format."""
        found = read_formats.get_format(self._database, request.account_id, request.format_id)
        return to_message(found, media_pb2.OutputFormat)

    def ListFormats(self, request: pb.ListFormatsRequest, _context: Context) -> pb.FormatList:
        """The output formats."""
        found = read_formats.list_formats(self._database, request.account_id, _page(request))
        return to_message(found, pb.FormatList)

    def CreateFormat(self, request: pb.CreateFormatRequest, _context: Context) -> media_pb2.OutputFormat:
        """A format of the account's own."""
        wanted = from_message(request, views.CreateFormat)
        created = formats.create_format(self._database, wanted, fetch=self._fetch, sends_mail=self._sends_mail)
        return to_message(created, media_pb2.OutputFormat)

    def UpdateFormat(self, request: pb.UpdateFormatRequest, _context: Context) -> media_pb2.OutputFormat:
        """Another content of a format of the account's own."""
        wanted = from_message(request, views.UpdateFormat)
        changed = formats.update_format(self._database, wanted, fetch=self._fetch, sends_mail=self._sends_mail)
        return to_message(changed, media_pb2.OutputFormat)

    def DeleteFormat(self, request: pb.DeleteFormatRequest, _context: Context) -> media_pb2.OutputFormat:
        """No format of that ID any more."""
        removed = formats.delete_format(self._database, request.account_id, request.format_id)
        return to_message(removed, media_pb2.OutputFormat)

    def CreateAccount(self, request: pb.CreateAccountRequest, _context: Context) -> pb.Account:
        """A new account."""
        return to_message(accounts.create_account(self._database, request.name), pb.Account)

    def GetAccount(self, request: pb.GetAccountRequest, _context: Context) -> pb.Account:
        """An account with its settings."""
        found = account_settings.get_account(self._database, request.account_id, rate_limit=self._rate_limit)
        return to_message(found, pb.Account)

    def UpdateAccount(self, request: pb.UpdateAccountRequest, _context: Context) -> pb.Account:
        """Other settings of an account."""
        wanted = from_message(request, views.UpdateAccount)
        changed = account_settings.update_account(
            self._database, wanted, fetch=self._fetch, rate_limit=self._rate_limit, sends_mail=self._sends_mail
        )
        return to_message(changed, pb.Account)

    def CreateKey(self, request: pb.CreateKeyRequest, _context: Context) -> pb.CreateKeyResponse:
        """A new API key, with its secret."""
        created = keys.create_key_once(self._database, from_message(request, views.CreateKey))
        return to_message(created, pb.CreateKeyResponse)

    def ListKeys(self, request: pb.ListKeysRequest, _context: Context) -> pb.KeyList:
        """The keys of an account, or of all."""
        found = keys.list_keys(self._database, request.account_id)
        return to_message(found, pb.KeyList)

    def RevokeKey(self, request: pb.RevokeKeyRequest, _context: Context) -> pb.Key:
        """End a key."""
        revoked = keys.revoke_key(self._database, request.account_id, request.key_id, keep_last=request.keep_last)
        return to_message(revoked, pb.Key)


def _tell(created: views.CreatedJobsView, account_id: int) -> None:
    """A line for each job: it leads from the job to its ingest and to the request that made both."""
    for job in created.jobs:
        if job.job_id:
            _log.info("job_accepted", job_id=job.job_id, ingest_id=created.ingest_id or None, account_id=account_id)


def _page(request: Any) -> Page:
    return Page(size=request.page_size, number=request.page_number)
