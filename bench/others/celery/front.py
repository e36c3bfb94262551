"""The front before the queue: checks the agent's token and the report, and responds once Redis has the job."""

import copy
import datetime
import hmac
import json
import os
import socket

import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse
from starlette.routing import Route
from uvicorn.config import LOGGING_CONFIG

from tasks import write

BEARER = f"Bearer {os.environ['AGENT_TOKEN']}".encode()


async def report(request):
    if not hmac.compare_digest(request.headers.get("authorization", "").encode(), BEARER):
        return JSONResponse({"title": "unauthorized"}, 401)
    try:
        said = json.loads(await request.body())
        call, _ = said["call_metadata"]["call_id"], said["qualification"]["outcome"]
    except (ValueError, KeyError, TypeError):
        return JSONResponse({"title": "not a report of a call"}, 422)
    accepted_at = datetime.datetime.now(datetime.timezone.utc).isoformat()
    job = (request.path_params["lead"], said, accepted_at)
    # Celery's client blocks until Redis responds. In a thread it does not block other requests.
    await run_in_threadpool(write.apply_async, job, task_id=call)
    return JSONResponse({"call_id": call}, 202)


app = Starlette(routes=[Route("/v1/tenants/{tenant}/leads/{lead}/disposition", report, methods=["POST"])])

if __name__ == "__main__":
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(2048)
    logging = copy.deepcopy(LOGGING_CONFIG)
    logging["handlers"]["access"]["stream"] = "ext://sys.stderr"
    print(f"listening 127.0.0.1:{listener.getsockname()[1]}", flush=True)
    uvicorn.Server(uvicorn.Config(app, log_config=logging, timeout_keep_alive=75)).run([listener])
