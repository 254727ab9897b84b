import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('governance', '__first__'),
        ('routes', '0022_fields_of_roles'),
    ]

    operations = [
        migrations.CreateModel(
            name='ConfigurationChoice',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('transaction_id', models.UUIDField(db_index=True)),
                ('at', models.DateTimeField()),
                ('before', models.BigIntegerField()),
                ('snapshot', models.BigIntegerField()),
                ('choice', models.CharField(max_length=220)),
                ('actor_kind', models.CharField(max_length=6)),
                ('actor_name', models.CharField(max_length=200)),
                ('legal_entity', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='governance.legalentity')),
            ],
        ),
        migrations.RunSQL(
            """
            CREATE FUNCTION routes_configurationchoice_stays() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                RAISE EXCEPTION 'what was sent again with which configuration is kept as it was written';
            END $$;
            CREATE TRIGGER configurationchoice_stays BEFORE UPDATE ON routes_configurationchoice
            FOR EACH ROW EXECUTE FUNCTION routes_configurationchoice_stays();
            """,
            "DROP FUNCTION routes_configurationchoice_stays() CASCADE",
        ),
    ]
