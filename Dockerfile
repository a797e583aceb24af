# The server alone: no embedded MongoDB, no development tools.
FROM python:3.13-slim AS build
WORKDIR /build
RUN python -m venv /opt/traya
COPY requirements/production.lock requirements/
RUN /opt/traya/bin/pip install --no-cache-dir --require-hashes -r requirements/production.lock
COPY pyproject.toml README.md LICENSE ./
COPY src src
RUN /opt/traya/bin/pip install --no-cache-dir --no-deps --no-build-isolation .

FROM python:3.13-slim
# photos, where no Cloudinary account keeps them, and pictures while they are looked at
RUN useradd --system --no-create-home traya && install --directory --mode=0700 --owner=traya /data
COPY --from=build /opt/traya /opt/traya
USER traya
ENV PATH=/opt/traya/bin:$PATH TRAYA_MODE=production TRAYA_DATA=/data
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/health/ready', timeout=2)"]
ENTRYPOINT ["traya-gql"]
CMD ["serve", "--host", "0.0.0.0", "--workers", "2"]
