suppressPackageStartupMessages(library(RPostgreSQL))
options(digits = 17, width = 160, warn = -1)

all_rows <- "select * from web.events order by event_id, ts, path"
connect <- function() {
  dbConnect(PostgreSQL(), host = Sys.getenv("PGHOST"), port = Sys.getenv("PGPORT"), user = Sys.getenv("PGUSER"), password = Sys.getenv("PGPASSWORD"), dbname = Sys.getenv("PGDATABASE"))
}
step <- function(title) cat("===", title, "\n")
show <- function(value) print(value, row.names = FALSE)
# What is said of an error is without the process that said it.
refused <- function(run) tryCatch(show(run()), error = function(e) cat(conditionMessage(e), "\n"), warning = function(w) cat("warning:", conditionMessage(w), "\n"))
digest <- function(frame) {
  file <- tempfile()
  on.exit(unlink(file))
  write.table(frame, file, quote = TRUE, row.names = FALSE, fileEncoding = "UTF-8")
  cat(nrow(frame), "rows,", ncol(frame), "columns,", unname(tools::md5sum(file)), "\n")
}

connection <- connect()

step("dbListTables")
show(sort(dbListTables(connection)))
step("dbExistsTable and dbListFields")
show(c(dbExistsTable(connection, c("web", "events")), dbExistsTable(connection, c("web", "nothing")), dbExistsTable(connection, c("shop", "sites"))))
show(dbListFields(connection, c("web", "events")))
show(dbListFields(connection, c("shop", "sites")))

step("dbReadTable")
daily <- dbReadTable(connection, c("web", "site_daily"))
daily <- daily[order(daily$dt, daily$site_id), ]
str(daily)
digest(daily)
sites <- dbReadTable(connection, c("shop", "sites"))
str(sites[order(sites$site_id), ])

step("values of every type")
for (id in 1:4) {
  kinds <- dbGetQuery(connection, paste("select * from shop.kinds where id =", id))
  for (name in names(kinds)) cat(name, class(kinds[[name]]), format(kinds[[name]]), "\n")
}

step("what is told of columns")
result <- dbSendQuery(connection, "select k.*, count(*) over () as n, 7 / 2 as half from shop.kinds k")
columns <- dbColumnInfo(result)
show(columns[, setdiff(names(columns), "nullOK")])
invisible(dbClearResult(result))
step("what is told of columns: nullOK")
result <- dbSendQuery(connection, "select site_id, price, 1 as one from shop.sites")
show(dbColumnInfo(result)$nullOK)
invisible(dbClearResult(result))

step("all rows of a table of the lake")
digest(dbGetQuery(connection, all_rows))
step("all rows, fetched in parts")
result <- dbSendQuery(connection, all_rows)
parts <- list()
while (!dbHasCompleted(result)) parts[[length(parts) + 1]] <- fetch(result, n = 3000)
cat(length(parts), "parts,", dbGetRowCount(result), "rows\n")
digest(do.call(rbind, parts))
invisible(dbClearResult(result))

step("parameters")
show(dbGetQuery(connection, "select count(*), max(ts), avg(load_ms) from web.events where site_id = $1 and ts >= $2 and domain like $3", list(3, "2018-02-01", "%")))
show(dbGetQuery(connection, "select site_id, name from shop.sites where site_id > $1 order by 1", list(17)))
show(dbGetQuery(connection, "select $1::numeric as a, $2::text as b, $3::date as c", list("1.50", "it's \\ \u00fc", "2018-02-15")))
show(postgresqlEscapeStrings(connection, "it's \\ \u00fc"))

step("groups and a summary")
frame <- dbGetQuery(connection, "select dt, sum(pv) as pv, sum(uu) as uu from web.site_daily group by 1 order by 1")
show(frame)
show(summary(as.numeric(frame$pv)))

step("write, savepoint and roll back")
invisible(dbBegin(connection))
show(dbGetQuery(connection, "insert into shop.sites (site_id, name, price) values (950, 'of R', 2.50) returning site_id, price"))
invisible(dbGetQuery(connection, "savepoint s"))
refused(function() dbGetQuery(connection, "insert into shop.sites (site_id, name) values (950, 'twice')"))
invisible(dbGetQuery(connection, "rollback to s"))
show(dbGetQuery(connection, "select count(*) from shop.sites where site_id >= 950"))
invisible(dbRollback(connection))
show(dbGetQuery(connection, "select count(*) from shop.sites where site_id >= 950"))

step("dbWriteTable and dbRemoveTable")
refused(function() {
  print(dbWriteTable(connection, c("shop", "of_r"), data.frame(id = 1:2, name = c("one", NA), amount = c(1.5, 2)), row.names = FALSE))
  dbGetQuery(connection, "select * from shop.of_r order by id")
})
refused(function() dbRemoveTable(connection, c("shop", "of_r")))

step("errors")
for (text in c("select 1/0", "select nothing from web.events", "selec", "select * from nowhere")) refused(function() dbGetQuery(connection, text))
show(dbGetQuery(connection, "select 1 as alive"))

step("what the server says of itself")
info <- dbGetInfo(connection)
show(c(info$user, info$dbname, info$serverVersion > "15", info$protocolVersion, class(info$processId)))
invisible(dbDisconnect(connection))
