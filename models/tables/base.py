"""What all tables share."""

from datetime import datetime
from typing import Annotated

from sqlalchemy import BigInteger, DateTime, MetaData, SmallInteger, func
from sqlalchemy.orm import DeclarativeBase, mapped_column

Id = Annotated[int, mapped_column(BigInteger)]
IdKey = Annotated[int, mapped_column(BigInteger, primary_key=True, autoincrement=False)]
ShardKey = Annotated[int, mapped_column(SmallInteger, primary_key=True, autoincrement=False)]
Small = Annotated[int, mapped_column(SmallInteger)]
SmallZero = Annotated[int, mapped_column(SmallInteger, server_default="0")]
BigZero = Annotated[int, mapped_column(BigInteger, server_default="0")]
Moment = Annotated[datetime, mapped_column(DateTime(timezone=True))]
MomentNow = Annotated[datetime, mapped_column(DateTime(timezone=True), server_default=func.clock_now())]


class Base(DeclarativeBase):
    """Every table's primary key holds its logical shard: in an id, or as a plain `shard` column."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
