"""A server that speaks TensorFlow Serving's protocol, in Python.

grpc_services, rest/    the two front ends: here the gRPC and the REST answers are made
inference/              checks a request, runs it on a loaded version (predict; classify and regress)
batching                joins the requests of many callers in one run
servables/              versions: found on disk, loaded, warmed up, unloaded
server, server_core     all of it put together; what both front ends share
statuses                every error that a caller may get, with TensorFlow Serving's texts
"""
