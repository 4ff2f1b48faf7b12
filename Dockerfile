# One image for web, worker, beat and the migration.
FROM python:3.12-slim AS clinic
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PRODUCTION=1 DATA_DIR=/data
# Pango and a font make the PDFs.
RUN apt-get update -q \
    && apt-get install -y -q --no-install-recommends libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fonts-dejavu-core \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /app
COPY requirements.txt .
RUN pip install --no-cache-dir --require-hashes -r requirements.txt
COPY . .
# Collecting static files starts Django, and production refuses to start on unsafe settings: these are for this step only.
RUN SECRET_KEY=only-while-the-image-is-built-0123456789012345 ALLOWED_HOSTS=localhost \
    PUBLIC_BASE_URL=https://localhost DATABASE_URL=postgres://nobody@localhost/none \
    python manage.py collectstatic --noinput \
    && useradd --system --uid 10001 clinic && mkdir /data && chown clinic /data
USER clinic
EXPOSE 8000
CMD ["granian", "--interface", "wsgi", "--host", "0.0.0.0", "--port", "8000", "--workers", "2", "--blocking-threads", "4", "--no-access-log", "--respawn-failed-workers", "clinic.wsgi:application"]
