# The relay's image: the executable on what it needs (C library, OpenSSL, CA certificates), without a shell. REGISTRY is where Microsoft's .NET images are:
# their own registry, or a mirror of it. What a tag means changes with each patch: for an image that is the same each time give SDK and BASE by digest, as
# docker buildx imagetools inspect tells it.
#   docker build --build-arg REGISTRY=… --build-arg REVISION=$(git rev-parse HEAD) --tag ingress-reconciler-relay:0.1.0 .
#   … --build-arg SDK=dotnet/sdk@sha256:… --build-arg BASE=dotnet/runtime-deps@sha256:…
ARG REGISTRY
ARG SDK=dotnet/sdk:10.0-noble-aot
ARG BASE=dotnet/runtime-deps:10.0-noble-chiseled

FROM ${REGISTRY}/${SDK} AS build
WORKDIR /src
COPY .editorconfig Directory.Build.props Directory.Packages.props global.json ./
COPY functions functions
ARG REVISION
# As scripts/package does, but for the architecture that is built on. The commit is told, for git's folder stays outside.
RUN dotnet publish functions/App -c Release -o artifacts/native -v quiet "-p:SourceRevisionId=${REVISION}"

FROM ${REGISTRY}/${BASE}
ARG REVISION
LABEL org.opencontainers.image.title="ingress-reconciler" \
      org.opencontainers.image.description="The relay of IngressReconciler: publishes what changes in a Kubernetes cluster as CloudEvents" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.revision="${REVISION}"
# The base has web servers listen at 8080; the relay says itself where it listens.
ENV ASPNETCORE_HTTP_PORTS=""
COPY --from=build /src/artifacts/native/ingress-reconciler /usr/bin/ingress-reconciler
USER 65532:65532
EXPOSE 8090
ENTRYPOINT ["/usr/bin/ingress-reconciler"]
