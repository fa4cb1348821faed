# poseval in a small image, run by a user without rights:
#   docker build -t poseval . && docker run --rm -v "$PWD:/data:ro" poseval score preds.json --gt gt.json
# A tag can move. To pin the base to its bytes, give the digest that .github/workflows/image.yml prints:
#   docker build --build-arg BASE=python:3.12.8-slim-bookworm@sha256:... -t poseval .
ARG BASE=python:3.12.8-slim-bookworm

FROM ${BASE} AS build
RUN apt-get update \
    && apt-get install --yes --no-install-recommends g++ \
    && rm -rf /var/lib/apt/lists/*
RUN python3 -m venv /opt/poseval
COPY . /src
RUN /opt/poseval/bin/python -m pip install --no-cache-dir --no-compile /src

FROM ${BASE}
COPY --from=build /opt/poseval /opt/poseval
RUN useradd --create-home --uid 10001 poseval
USER poseval
ENV PATH=/opt/poseval/bin:$PATH MPLCONFIGDIR=/tmp
WORKDIR /data
ENTRYPOINT ["poseval"]
CMD ["--help"]
