package sql

import (
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v6"
)

// classify sets the statement's kind, its tag and the part that the kind names.
func (s *Statement) classify() error {
	switch n := s.node.Node.(type) {
	case *pg_query.Node_SelectStmt:
		s.Kind, s.Tag = KindSelect, "SELECT"
		if leftmost(n.SelectStmt).IntoClause != nil {
			s.Kind, s.Tag = KindWrite, "SELECT INTO"
		}
	case *pg_query.Node_ExplainStmt:
		return s.readExplain(n.ExplainStmt)
	case *pg_query.Node_VariableSetStmt:
		s.readSet(n.VariableSetStmt)
	case *pg_query.Node_VariableShowStmt:
		s.Kind, s.Tag, s.Show = KindShow, "SHOW", strings.ToLower(n.VariableShowStmt.Name)
	case *pg_query.Node_TransactionStmt:
		return s.readTransaction(n.TransactionStmt)
	case *pg_query.Node_PrepareStmt, *pg_query.Node_ExecuteStmt, *pg_query.Node_DeallocateStmt:
		return s.readPrepared()
	case *pg_query.Node_DiscardStmt:
		s.Kind = KindDiscard
		s.Discard = strings.TrimPrefix(n.DiscardStmt.Target.String(), "DISCARD_")
		s.Tag = "DISCARD " + s.Discard
	case *pg_query.Node_DeclareCursorStmt, *pg_query.Node_FetchStmt, *pg_query.Node_ClosePortalStmt:
		return s.readCursor()
	case *pg_query.Node_CallStmt:
		return s.readCall(n.CallStmt)
	case *pg_query.Node_LockStmt:
		s.readLock(n.LockStmt)
	case *pg_query.Node_CopyStmt:
		return s.readCopy(n.CopyStmt)
	case *pg_query.Node_ListenStmt, *pg_query.Node_UnlistenStmt, *pg_query.Node_NotifyStmt:
		s.readNotify()
	case *pg_query.Node_ConstraintsSetStmt:
		s.readConstraints(n.ConstraintsSetStmt)
	default:
		s.Kind, s.Tag = writeTag(s.node)
	}
	return nil
}

func leftmost(s *pg_query.SelectStmt) *pg_query.SelectStmt {
	for s.Larg != nil {
		s = s.Larg
	}
	return s
}

// objectName is an object type's name in a command tag.
func objectName(t pg_query.ObjectType) string {
	if t == pg_query.ObjectType_OBJECT_MATVIEW {
		return "MATERIALIZED VIEW"
	}
	return strings.ReplaceAll(strings.TrimPrefix(t.String(), "OBJECT_"), "_", " ")
}

// writeTag tells a statement that changes data or schema from the rest, with PostgreSQL's command tag.
func writeTag(n *pg_query.Node) (Kind, string) {
	switch n := n.Node.(type) {
	case *pg_query.Node_DropStmt:
		return KindWrite, "DROP " + objectName(n.DropStmt.RemoveType)
	case *pg_query.Node_AlterTableStmt:
		return KindWrite, "ALTER " + objectName(n.AlterTableStmt.Objtype)
	case *pg_query.Node_RenameStmt:
		switch n.RenameStmt.RenameType {
		case pg_query.ObjectType_OBJECT_COLUMN:
			return KindWrite, "ALTER " + objectName(n.RenameStmt.RelationType)
		case pg_query.ObjectType_OBJECT_TABCONSTRAINT:
			return KindWrite, "ALTER TABLE"
		default:
		}
		return KindWrite, "ALTER " + objectName(n.RenameStmt.RenameType)
	case *pg_query.Node_CreateTableAsStmt:
		if n.CreateTableAsStmt.Objtype == pg_query.ObjectType_OBJECT_MATVIEW {
			return KindWrite, "CREATE MATERIALIZED VIEW"
		}
		return KindWrite, "CREATE TABLE AS"
	case *pg_query.Node_GrantStmt:
		if n.GrantStmt.IsGrant {
			return KindWrite, "GRANT"
		}
		return KindWrite, "REVOKE"
	case *pg_query.Node_GrantRoleStmt:
		if n.GrantRoleStmt.IsGrant {
			return KindWrite, "GRANT ROLE"
		}
		return KindWrite, "REVOKE ROLE"
	case *pg_query.Node_CreateFunctionStmt:
		if n.CreateFunctionStmt.IsProcedure {
			return KindWrite, "CREATE PROCEDURE"
		}
		return KindWrite, "CREATE FUNCTION"
	case *pg_query.Node_VacuumStmt:
		if !n.VacuumStmt.IsVacuumcmd {
			return KindWrite, "ANALYZE"
		}
		return KindWrite, "VACUUM"
	case *pg_query.Node_LoadStmt:
		return KindOther, "LOAD"
	case *pg_query.Node_CheckPointStmt:
		return KindOther, "CHECKPOINT"
	case *pg_query.Node_DoStmt:
		return KindOther, "DO"
	}
	return KindWrite, nodeTag(n)
}

// plainTags are the writes whose tag is fixed. What is not in it is refused as a write too, with its node's name.
func nodeTag(n *pg_query.Node) string {
	switch n.Node.(type) {
	case *pg_query.Node_InsertStmt:
		return "INSERT"
	case *pg_query.Node_UpdateStmt:
		return "UPDATE"
	case *pg_query.Node_DeleteStmt:
		return "DELETE"
	case *pg_query.Node_MergeStmt:
		return "MERGE"
	case *pg_query.Node_TruncateStmt:
		return "TRUNCATE TABLE"
	case *pg_query.Node_CreateStmt:
		return "CREATE TABLE"
	case *pg_query.Node_CreateForeignTableStmt:
		return "CREATE FOREIGN TABLE"
	case *pg_query.Node_ViewStmt:
		return "CREATE VIEW"
	case *pg_query.Node_IndexStmt:
		return "CREATE INDEX"
	case *pg_query.Node_ReindexStmt:
		return "REINDEX"
	case *pg_query.Node_ClusterStmt:
		return "CLUSTER"
	case *pg_query.Node_CreateSchemaStmt:
		return "CREATE SCHEMA"
	case *pg_query.Node_CreateSeqStmt:
		return "CREATE SEQUENCE"
	case *pg_query.Node_AlterSeqStmt:
		return "ALTER SEQUENCE"
	case *pg_query.Node_CreateRoleStmt:
		return "CREATE ROLE"
	case *pg_query.Node_AlterRoleStmt, *pg_query.Node_AlterRoleSetStmt:
		return "ALTER ROLE"
	case *pg_query.Node_DropRoleStmt:
		return "DROP ROLE"
	case *pg_query.Node_CreatedbStmt:
		return "CREATE DATABASE"
	case *pg_query.Node_DropdbStmt:
		return "DROP DATABASE"
	case *pg_query.Node_CommentStmt:
		return "COMMENT"
	case *pg_query.Node_RefreshMatViewStmt:
		return "REFRESH MATERIALIZED VIEW"
	case *pg_query.Node_CreateExtensionStmt:
		return "CREATE EXTENSION"
	case *pg_query.Node_CreateTrigStmt:
		return "CREATE TRIGGER"
	case *pg_query.Node_RuleStmt:
		return "CREATE RULE"
	case *pg_query.Node_AlterSystemStmt:
		return "ALTER SYSTEM"
	}
	return "this statement"
}
