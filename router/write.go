package router

import (
	"context"

	"tidegate/catalog"
	"tidegate/internal/pgerr"
	"tidegate/sql"
)

// The grants beside reading.
const (
	// WarehouseWrite is to change, make and drop hot-only relations.
	WarehouseWrite = "warehouse_write"
	// WarehouseAdmin has WarehouseWrite in it.
	WarehouseAdmin = "warehouse_admin"
	// Monitoring is Role.Monitor.
	Monitoring = "monitor"
)

// Write decides about a statement that changes something (KindWrite): it goes to the warehouse if every relation that
// it names is hot-only and the user may. only is as for SessionBindings.
func (r *Router) Write(ctx context.Context, st *sql.Statement, env sql.Env, only HotOnly) (*sql.Write, error) {
	relations, err := r.SessionBindings(ctx, 0, env.User, Own{Only: only})
	if err != nil {
		return nil, err
	}
	w, err := sql.BindWrite(st, relations, env)
	if err != nil {
		return nil, err
	}
	if err := r.mayWrite(st, env.User); err != nil {
		return nil, err
	}
	v, err := r.newest(ctx)
	if err != nil {
		return nil, err
	}
	return w, refuseAdopted(v, w)
}

// refuseAdopted refuses to change the hot side of an adopted table: its days would count until they are compared again.
func refuseAdopted(v *catalog.View, w *sql.Write) error {
	for _, t := range v.Tables {
		if t.Table.Adopt == nil {
			continue
		}
		for _, name := range w.Changes {
			if name.String() == t.Table.Adopt.Hot {
				return pgerr.New(pgerr.FeatureNotSupported, "%s: %s is the hot side of the adopted table %s", w.Tag, name, t.Table.Name).
					WithHint("Change it in the warehouse itself; CALL tidegate.refresh('%s') compares both sides then.", t.Table.Name)
			}
		}
	}
	return nil
}

// mayWrite authorises.
func (r *Router) mayWrite(st *sql.Statement, user string) error {
	if role := r.Role(user); role != nil && role.Write {
		return nil
	}
	return pgerr.New(pgerr.InsufficientPrivilege, "permission denied for %s: user %s may read only", st.Tag, user).
		WithHint("It needs the grant %s: give the user a role that has it, under users and roles of the configuration.", WarehouseWrite)
}
