# filex-server in a container: docs/CONTAINER.md. Only production dependencies, not root, nothing to write but /data and /state.
ARG NODE_IMAGE=node:22-slim

# ---- what decides which dependencies there are, so that a change of a source installs nothing anew
FROM ${NODE_IMAGE} AS manifests
WORKDIR /src
COPY . .
RUN find . -type f ! -name package.json ! -name package-lock.json ! -name .npmrc -delete \
    && find . -type d -empty -delete

# ---- what would be published: the two packages, built and packed from this tree
FROM ${NODE_IMAGE} AS build
WORKDIR /src
COPY --from=manifests /src .
RUN npm ci
COPY . .
RUN npm run build -- --filter=filex-server \
    && mkdir /packed \
    && npm pack --silent --pack-destination /packed -w @filex/protocol -w filex-server

# ---- what runs: exactly the versions of package-lock.json, without what only building and testing needs
FROM ${NODE_IMAGE} AS production
WORKDIR /app
COPY --from=manifests /src .
# typescript stays although it is for developing, because valibot could use it where it is compiled.
RUN npm ci --omit=dev --workspace=filex-server && rm -rf node_modules/typescript
COPY --from=build /packed /packed
# What was packed, not the sources: nothing runs here that npm would not deliver.
RUN tar xzf /packed/filex-protocol-*.tgz --strip-components=1 -C packages/protocol \
    && tar xzf /packed/filex-server-*.tgz --strip-components=1 -C packages/server \
    && mkdir /runtime \
    && cp -a --parents node_modules packages/protocol packages/server /runtime/ \
    && find /runtime/node_modules -xtype l -delete

FROM ${NODE_IMAGE}
LABEL org.opencontainers.image.title="filex-server" \
      org.opencontainers.image.description="Serves a folder over FileX: verified, resumable, never a half file." \
      org.opencontainers.image.licenses="MIT"
COPY --from=production /runtime /app
# The volumes are made with this owner. The number, not the name, so that an engine can see that it is not root.
RUN ln -s /app/packages/server/dist/bin.js /usr/local/bin/filex-server \
    && install -d -o 1000 -g 1000 /data \
    && install -d -o 1000 -g 1000 -m 700 /state
USER 1000:1000
WORKDIR /data
ENV NODE_ENV=production \
    FILEX_DIR=/data \
    FILEX_STATE=/state \
    FILEX_PORT=12345
# The files that are served, and what the server keeps for itself: its key, and who its users are.
VOLUME /data /state
EXPOSE 12345
# Lets transfers that run come to their end.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=10s --start-period=20s --retries=3 \
    CMD ["filex-server", "--healthcheck"]
# As a program of its own, not by a shell or npm: signals arrive at it.
ENTRYPOINT ["filex-server"]
